# METADATA
# scope: package
# title: Justification required
# description: |
#   For some data sets a caller must say why: in the header `Rankguard-Justification`, which goes into the record, with a reference that
#   the pattern asks for, or with a purpose in the token that speaks for itself.
# schemas:
#   - input: schema.input
package rankguard.library.justification_required

deny contains {"code": "JUSTIFICATION_REQUIRED", "message": message} if {
	input.request.dataset in data.datasets
	not justified
	message := sprintf("Say why you search %s: send Rankguard-Justification with %s.", [input.request.dataset, data.example])
}

justified if input.identity.token.purpose in data.purposes

justified if {
	is_string(input.request.justification)
	count(trim_space(input.request.justification)) >= data.least
	regex.is_valid(data.pattern)
	regex.match(data.pattern, input.request.justification)
}
