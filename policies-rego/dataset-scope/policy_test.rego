package rankguard.library.dataset_scope_test

import data.rankguard.library.dataset_scope

datasets := [{"dataset": "tickets", "groups": ["readers"]}]

call(groups, dataset, source) := {
	"identity": {"groups": groups},
	"request": {"operation": "rerank", "dataset": dataset, "dataset_source": source},
}

codes(groups, dataset, source) := {denial.code |
	some denial in dataset_scope.deny with input as call(groups, dataset, source)
		with data.datasets as datasets
		with data.sources as ["token"]
}

test_its_group_may if codes(["readers"], "tickets", "token") == set()

test_others_may_not if codes(["guests"], "tickets", "token") == {"DATASET_FORBIDDEN"}

test_the_callers_word_is_not_believed if codes(["readers"], "tickets", "header") == {"DATASET_SOURCE"}

test_a_data_set_must_be_named if codes(["readers"], null, null) == {"DATASET_UNNAMED"}
