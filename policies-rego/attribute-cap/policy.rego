# METADATA
# scope: package
# title: Cap per attribute group
# description: |
#   At most so many results of each age group (or of another attribute): the best of a group stay, the others go behind all
#   results, or away with `over` set to `remove`. Change `fields.age_group` to your own attribute.
# schemas:
#   - input: schema.input
package rankguard.library.attribute_cap

rank contains {"verb": "cap", "by": "fields.age_group", "max": data.max, "over": data.over}
