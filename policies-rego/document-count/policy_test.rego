package rankguard.library.document_count_test

import data.rankguard.library.document_count

limits(groups) := {item.documents |
	some item in document_count.limit with input.identity.groups as groups
		with data.documents as 10
		with data.truncate as true
		with data.bulk as {"groups": ["jobs"], "documents": 50}
}

test_most_may_send_few if limits(["readers"]) == {10}

test_jobs_may_send_more if limits(["jobs", "readers"]) == {50}
