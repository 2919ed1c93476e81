# METADATA
# scope: package
# title: Sensitive query phrasing
# description: |
#   Queries that ask for what nobody should collect: passwords, pay, health of a person. Words are compared without case and across
#   any spaces and punctuation. Members of `exempt` may ask.
# schemas:
#   - input: schema.input
package rankguard.library.sensitive_queries

# Letters and digits in words that one space parts: neither case nor punctuation hides a phrase.
query := concat(" ", [found[0] | some found in regex.find_all_string_submatch_n(`[\p{L}\p{N}]+`, lower(input.request.query), -1)])

deny contains {"code": "QUERY_SENSITIVE", "message": message} if {
	not exempt
	some topic, phrases in data.topics
	some phrase in phrases
	contains(concat("", [" ", query, " "]), concat("", [" ", phrase, " "]))
	message := sprintf("Queries about %s are not open to you.", [topic])
}

exempt if {
	some group in data.exempt
	group in input.identity.groups
}
