# METADATA
# scope: package
# title: Number of documents
# description: |
#   A call may rank so many documents; members of `bulk.groups` more. With `truncate` the rest is cut off, else the call is denied.
# schemas:
#   - input: schema.input
package rankguard.library.document_count

limit contains {"documents": data.documents, "truncate": data.truncate} if not bulk

limit contains {"documents": data.bulk.documents, "truncate": data.truncate} if bulk

bulk if {
	some group in data.bulk.groups
	group in input.identity.groups
}
