"""The examination of a box: each check is a function of the site, and finds what is well and what is not."""
