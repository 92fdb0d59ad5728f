"""Another version of the agent: staged by the centre's word, fetched, installed when the school is empty, on trial."""
