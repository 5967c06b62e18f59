"""Where things are: home, sources and settings, from one YAML file and a few environment variables."""

from solarnet_assets.config.files import load_config, save_config
from solarnet_assets.config.model import KINDS, Config
from solarnet_assets.config.settings import Posts, SourceConfig

__all__ = ["KINDS", "Config", "Posts", "SourceConfig", "load_config", "save_config"]
