# METADATA
# scope: package
# schemas:
#   - input: schema.input
package rankguard.misspelt

allow if "readers" in input.identity.group
