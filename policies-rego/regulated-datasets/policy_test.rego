package rankguard.library.regulated_datasets_test

import data.rankguard.library.regulated_datasets

rules := [{"dataset": "medical", "group": "doctors", "purposes": ["treatment"], "models": ["local"]}]

call(dataset, groups, purpose, model) := {
	"identity": {"groups": groups, "token": {"purpose": purpose}},
	"request": {"dataset": dataset, "model": model},
}

codes(facts) := {denial.code | some denial in regulated_datasets.deny with input as facts with data.regulated as rules}

test_all_is_right if codes(call("medical", ["doctors"], "treatment", "local")) == set()

test_nothing_is_right if {
	codes(call(" Medical ", [], null, null)) == {"REGULATED_GROUP", "REGULATED_PURPOSE", "REGULATED_MODEL"}
}

test_other_data_sets_are_free if {
	codes(call("tickets", [], null, null)) == set()
	codes(call(null, [], null, null)) == set()
}
