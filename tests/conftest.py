import os
import tempfile

# Definitions read the configuration when they are imported: no test may see the home of whoever runs it.
os.environ["SOLARNET_HOME"] = tempfile.mkdtemp(prefix="solarnet-tests-")
for name in ("SOLARNET_CONFIG", "SOLARNET_HASH_KEY", "DAGSTER_HOME"):
    os.environ.pop(name, None)
