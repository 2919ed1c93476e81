package rankguard.library.diversity_test

import data.rankguard.library.diversity

test_the_share_is_kept if {
	diversity.rank == {{"verb": "diversify", "by": "fields.publisher", "top": 5, "max_share": 0.2}} with data.top as 5
		with data.max_share as 0.2
}
