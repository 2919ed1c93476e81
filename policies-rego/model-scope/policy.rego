# METADATA
# scope: package
# title: Model and version by group
# description: |
#   Which groups may use which model. A model that is not listed is denied, also where the call names none and the
#   server would choose: set `unnamed` to allow that. `versions` lists the versions that may be used; none: every one.
# schemas:
#   - input: schema.input
package rankguard.library.model_scope

deny contains {"code": "MODEL_UNNAMED", "message": "Name the model: this connection does not choose one for you."} if {
	input.request.operation == "rerank"
	input.request.model == null
	not data.unnamed
}

deny contains {"code": "MODEL_FORBIDDEN", "message": message} if {
	input.request.model != null
	not permitted
	message := sprintf("The model %s is not open to your groups.", [input.request.model])
}

deny contains {"code": "MODEL_VERSION", "message": message} if {
	some rule in rules
	count(rule.versions) > 0
	not input.request.model_version in rule.versions
	message := sprintf("The model %s may be used in the versions %s.", [
		input.request.model, concat(", ", rule.versions),
	])
}

rules contains rule if {
	some rule in data.models
	rule.model == input.request.model
}

permitted if {
	some rule in rules
	some group in rule.groups
	group in input.identity.groups
}
