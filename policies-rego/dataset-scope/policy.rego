# METADATA
# scope: package
# title: Data sets by group
# description: |
#   Which groups may search which data set. A data set that is not listed is denied. The name is believed only if it comes from
#   where `sources` says: a header is the caller's own word.
# schemas:
#   - input: schema.input
package rankguard.library.dataset_scope

deny contains {"code": "DATASET_UNNAMED", "message": "Name the data set that is searched."} if {
	input.request.operation == "rerank"
	input.request.dataset == null
}

deny contains {"code": "DATASET_SOURCE", "message": "The data set's name does not come from a source that is believed."} if {
	input.request.dataset != null
	not input.request.dataset_source in data.sources
}

deny contains {"code": "DATASET_FORBIDDEN", "message": message} if {
	input.request.dataset != null
	not permitted
	message := sprintf("The data set %s is not open to your groups.", [input.request.dataset])
}

permitted if {
	some rule in data.datasets
	rule.dataset == input.request.dataset
	some group in rule.groups
	group in input.identity.groups
}
