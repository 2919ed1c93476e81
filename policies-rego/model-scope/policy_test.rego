package rankguard.library.model_scope_test

import data.rankguard.library.model_scope

models := [
	{"model": "small", "groups": ["readers"], "versions": []},
	{"model": "large", "groups": ["premium"], "versions": ["2", "3"]},
]

call(groups, model, version) := {
	"identity": {"groups": groups},
	"request": {"operation": "rerank", "model": model, "model_version": version},
}

codes(groups, model, version) := {denial.code |
	some denial in model_scope.deny with input as call(groups, model, version)
		with data.models as models
		with data.unnamed as false
}

test_its_group_may if codes(["readers"], "small", null) == set()

test_others_may_not if codes(["readers"], "large", "2") == {"MODEL_FORBIDDEN"}

test_an_unknown_model_is_nobodys if codes(["readers", "premium"], "huge", null) == {"MODEL_FORBIDDEN"}

test_only_listed_versions if {
	codes(["premium"], "large", "3") == set()
	codes(["premium"], "large", "1") == {"MODEL_VERSION"}
	codes(["premium"], "large", null) == {"MODEL_VERSION"}
}

test_a_model_must_be_named if {
	codes(["readers"], null, null) == {"MODEL_UNNAMED"}
	count(model_scope.deny) == 0 with input as call(["readers"], null, null)
		with data.models as models
		with data.unnamed as true
}
