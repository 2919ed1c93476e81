# METADATA
# scope: package
# title: Sensitive query phrasing
# description: |
#   Queries that ask for what nobody should collect: passwords, pay, health of a person. Words are compared without case and across
#   any spaces and punctuation. Members of `exempt` may ask.
# schemas:
#   - input: schema.input
package rankguard.library.sensitive_queries

# Words with one space between them: neither case nor punctuation hides a phrase. A regular expression over all of Unicode
# would cost a hundred times as much.
words := [word |
	some word in split(strings.replace_n(data.separators, lower(input.request.query)), " ")
	word != ""
]

query := concat(" ", words)

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
