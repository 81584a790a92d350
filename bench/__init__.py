"""What the main job costs beside a hand-written script: data, both jobs, measurements."""
