package rankguard.library.attribute_cap_test

import data.rankguard.library.attribute_cap

test_each_group_is_capped if {
	attribute_cap.rank == {{"verb": "cap", "by": "fields.age_group", "max": 2, "over": "remove"}} with data.max as 2
		with data.over as "remove"
}
