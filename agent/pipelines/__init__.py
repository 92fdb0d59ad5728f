"""What a camera sees: detectors as pure code, the heads they were trained with, and where the networks run.

Shape   observe(look, memory, settings) -> (Sighting or None, memory). A look is a picture, or what a network made of
        one, with the time of the picture. A memory is frozen; the caller keeps one for each camera and detector.
Where   inference.py alone runs networks; everything else here is arithmetic.
Not     streams, schedules, zones, incidents: who calls the detectors decides these.
"""
