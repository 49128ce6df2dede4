"""What each operation of both systems causes, counted while journeys run: the chapter `metering`, which the forecasts read.

meter.py counts from traced calls, chapter.py writes the chapter, counts.py defines its form.
"""
