"""The same answers from a Spark cluster as from one machine; outside the default tests, because it needs PySpark."""
