"""What live captions cost and how late they are; how often a spoken answer is heard in noise."""
