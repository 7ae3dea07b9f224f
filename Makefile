# A thin wrapper: dev.py does the work and needs no make.
.PHONY: demo up test lint bench lock

demo up test lint bench lock:
	python3 dev.py $@
