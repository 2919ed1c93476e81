# METADATA
# scope: package
# title: Score threshold
# description: |
#   Results that score too low do not count as found. Models score differently: the threshold is by model, with a default. Clients
#   that expect as many results as they sent documents need `below` set to `last`.
# schemas:
#   - input: schema.input
package rankguard.library.score_threshold

rank contains {"verb": "floor", "min_score": object.get(data.by_model, model, data.default), "below": data.below}

# A call may leave the choice of the model to the server.
model := input.request.model if input.request.model != null

model := "" if input.request.model == null
