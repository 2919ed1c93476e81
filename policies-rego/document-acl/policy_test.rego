package rankguard.library.document_acl_test

import data.rankguard.library.document_acl

access := {"a": ["red"], "b": ["blue", "red"], "none": []}

dropped(groups, ids, unlisted) := {item.index |
	some item in document_acl.drop with input as {
		"identity": {"groups": groups},
		"request": {"documents": [{"index": index, "id": id} | some index, id in ids]},
	}
		with data.access as access
		with data.unlisted as unlisted
}

test_only_what_a_group_may_see_stays if dropped(["blue"], ["a", "b"], "drop") == {0}

test_a_list_without_groups_is_for_nobody if dropped(["red"], ["none"], "keep") == {0}

test_what_is_not_listed_is_dropped if dropped(["red"], ["a", "x", null], "drop") == {1, 2}

test_unless_it_is_to_stay if dropped(["red"], ["a", "x", null], "keep") == set()
