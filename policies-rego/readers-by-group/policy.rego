# METADATA
# scope: package
# title: Readers by group
# description: |
#   Members of a reader group may rerank and ask for the model; workloads by their service account. This is the policy
#   that gives `allow`: without one, every call is denied.
# schemas:
#   - input: schema.input
package rankguard.library.readers_by_group

operations := {"rerank", "info"}

allow if {
	input.request.operation in operations
	some group in input.identity.groups
	group in data.readers
}

allow if {
	input.request.operation in operations
	input.identity.kind == "workload"
	account := concat("/", [input.identity.workload.namespace, input.identity.workload.serviceAccount])
	account in data.workloads
}
