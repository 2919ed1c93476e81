# METADATA
# scope: package
# title: Regulated data sets
# description: |
#   Data sets under a law of their own: a group, a purpose in the token, and if wanted a token that is fresh. Spelling does not help:
#   names are compared without case and outer spaces.
# schemas:
#   - input: schema.input
package rankguard.library.regulated_datasets

regulated contains rule if {
	some rule in data.regulated
	rule.dataset == trim_space(lower(input.request.dataset))
}

deny contains {"code": "REGULATED_GROUP", "message": message} if {
	some rule in regulated
	not rule.group in input.identity.groups
	message := sprintf("The data set %s is regulated: only members of %s may search it.", [rule.dataset, rule.group])
}

deny contains {"code": "REGULATED_PURPOSE", "message": message} if {
	some rule in regulated
	count(rule.purposes) > 0
	not input.identity.token.purpose in rule.purposes
	message := sprintf("The data set %s may be searched for %s.", [rule.dataset, concat(", ", rule.purposes)])
}

deny contains {"code": "REGULATED_MODEL", "message": message} if {
	some rule in regulated
	count(rule.models) > 0
	not input.request.model in rule.models
	message := sprintf("The data set %s may be ranked by %s.", [rule.dataset, concat(", ", rule.models)])
}
