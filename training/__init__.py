"""From labelled messages to a calibrated, exported and evaluated model, one command a step."""
