# METADATA
# scope: package
# title: Poisoned candidates
# description: |
#   Candidates that speak to the model, are stuffed with keywords, or copy another candidate are dropped before they are scored. What a detector
#   did not look at is not known to be clean: such a call is denied unless `unknown` is `keep`.
# schemas:
#   - input: schema.input
package rankguard.library.poisoned_candidates

drop contains {"index": finding.index, "reason": "POISONED"} if {
	some finding in input.findings
	finding.index != null
	finding.score >= data.least[finding.kind]
}

deny contains {"code": "NOT_LOOKED_AT", "message": message} if {
	data.unknown != "keep"
	some finding in input.findings
	finding.kind == "DETECTOR_FAILED"
	finding.source != "pii"
	message := sprintf("The detector of %s could not look at every document; send fewer or shorter ones.", [finding.source])
}
