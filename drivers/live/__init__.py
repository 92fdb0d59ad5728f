"""A camera's video on its way to who looks at it live: as the camera encoded it, to the centre's media server."""
