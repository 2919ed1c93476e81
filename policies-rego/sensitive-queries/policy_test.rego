package rankguard.library.sensitive_queries_test

import data.rankguard.library.sensitive_queries

topics := {"credentials": ["password", "api key"]}

codes(query, groups) := {denial.code |
	some denial in sensitive_queries.deny with input.request.query as query
		with input.identity.groups as groups
		with data.separators as {"'": " ", "-": " ", "?": " ", ",": " ", "\n": " "}
		with data.topics as topics
		with data.exempt as ["security"]
}

test_a_phrase_is_found if codes("what is Bob's password?", []) == {"QUERY_SENSITIVE"}

test_punctuation_does_not_help if codes("the API-\nKEY, please", []) == {"QUERY_SENSITIVE"}

test_parts_of_words_are_not_phrases if codes("passwordless login", []) == set()

test_some_may_ask if codes("password", ["security"]) == set()

test_no_query_no_denial if codes(null, []) == set()
