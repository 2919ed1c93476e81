package rankguard.library.personal_data_in_queries_test

import data.rankguard.library.personal_data_in_queries

judged(kind, path) := {"denied": denied, "masked": masked} if {
	denied := count(personal_data_in_queries.deny) with input.findings as [{"kind": kind, "path": path}]
		with data.deny as ["US_SSN"]
	masked := count(personal_data_in_queries.mask) with input.findings as [{"kind": kind, "path": path}]
		with data.mask as ["EMAIL_ADDRESS"]
}

test_some_are_denied if judged("US_SSN", "query") == {"denied": 1, "masked": 0}

test_some_are_masked if judged("EMAIL_ADDRESS", "query") == {"denied": 0, "masked": 1}

test_documents_are_none_of_its_business if judged("US_SSN", "documents[0].text") == {"denied": 0, "masked": 0}
