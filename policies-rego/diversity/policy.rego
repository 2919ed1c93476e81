# METADATA
# scope: package
# title: Diversity of one answer
# description: |
#   Among the first results, no publisher has more than its share. Results are moved, none is removed. The attribute is a constant
#   of the rule, because the sidecar must know what to read of each candidate: change `fields.publisher` to your own.
# schemas:
#   - input: schema.input
package rankguard.library.diversity

rank contains {"verb": "diversify", "by": "fields.publisher", "top": data.top, "max_share": data.max_share}
