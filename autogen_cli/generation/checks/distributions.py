"""Which modules a distribution installs, where its name doesn't say so; and which names are well known at all."""

import re
from collections.abc import Collection

# Distribution (normalized) -> top-level modules. Where module and distribution share a name nothing is listed.
MODULES: dict[str, tuple[str, ...]] = {
    "antlr4-python3-runtime": ("antlr4",), "apache-airflow": ("airflow",), "attrs": ("attr", "attrs"),
    "beautifulsoup4": ("bs4",), "black": ("black", "blackd", "blib2to3"), "cx-oracle": ("cx_Oracle",),
    "discord-py": ("discord",), "django-cors-headers": ("corsheaders",), "django-debug-toolbar": ("debug_toolbar",),
    "django-environ": ("environ",), "django-filter": ("django_filters",), "djangorestframework": ("rest_framework",),
    "djangorestframework-simplejwt": ("rest_framework_simplejwt",), "dnspython": ("dns",), "factory-boy": ("factory",),
    "faiss-cpu": ("faiss",), "faiss-gpu": ("faiss",), "gitpython": ("git",), "grpcio": ("grpc",),
    "google-api-python-client": ("googleapiclient", "apiclient"), "grpcio-tools": ("grpc_tools",),
    "hydra-core": ("hydra",), "imbalanced-learn": ("imblearn",), "ipython": ("IPython",),
    "kafka-python": ("kafka",), "lark-parser": ("lark",), "levenshtein": ("Levenshtein",),
    "matplotlib": ("matplotlib", "mpl_toolkits", "pylab"), "mini-racer": ("py_mini_racer",), "mypy": ("mypy", "mypyc"),
    "mysql-connector-python": ("mysql",), "mysqlclient": ("MySQLdb",), "nvidia-ml-py": ("pynvml",),
    "opencv-contrib-python": ("cv2",), "opencv-python": ("cv2",), "opencv-python-headless": ("cv2",),
    "pdfminer-six": ("pdfminer",), "peewee": ("peewee", "playhouse"), "pillow": ("PIL",), "protobuf": ("google",),
    "psycopg-binary": ("psycopg",), "psycopg2-binary": ("psycopg2",), "py-cpuinfo": ("cpuinfo",),
    "pycryptodome": ("Crypto",), "pycryptodomex": ("Cryptodome",), "pygithub": ("github",), "pyjwt": ("jwt",),
    "pymongo": ("pymongo", "bson", "gridfs"), "pymupdf": ("fitz", "pymupdf"), "pynacl": ("nacl",),
    "pyopenssl": ("OpenSSL",), "pyserial": ("serial",), "pytelegrambotapi": ("telebot",),
    "pytest": ("pytest", "_pytest"), "python-dateutil": ("dateutil",), "python-docx": ("docx",),
    "python-dotenv": ("dotenv",), "python-gitlab": ("gitlab",), "python-jose": ("jose",), "python-ldap": ("ldap",),
    "python-levenshtein": ("Levenshtein",), "python-magic": ("magic",), "python-memcached": ("memcache",),
    "python-multipart": ("python_multipart", "multipart"), "python-pptx": ("pptx",), "python-slugify": ("slugify",),
    "python-snappy": ("snappy",), "python-telegram-bot": ("telegram",), "pyusb": ("usb",),
    "pywin32": ("win32api", "win32com", "win32con", "win32file", "win32gui", "pythoncom", "pywintypes"),
    "pyyaml": ("yaml", "_yaml"), "pyzmq": ("zmq",), "ruamel-yaml": ("ruamel",), "scikit-image": ("skimage",),
    "scikit-learn": ("sklearn",), "service-identity": ("service_identity",),
    "setuptools": ("setuptools", "pkg_resources", "_distutils_hack"), "splintr-rs": ("splintr",),
    "sseclient-py": ("sseclient",), "tortoise-orm": ("tortoise",), "umap-learn": ("umap",), "vcrpy": ("vcr",),
    "websocket-client": ("websocket",), "wxpython": ("wx",),
}  # fmt: skip

# Packages whose parts come from several distributions (`google-cloud-storage` gives `google.cloud.storage`).
_NAMESPACES = frozenset(
    ("azure", "backports", "collective", "google", "jaraco", "opentelemetry", "ruamel", "sphinxcontrib", "zope")
)

# Names worth a warning instead of a failure in a folder that declares nothing and has no environment.
_POPULAR = """
    aiohttp altair anthropic anyio apscheduler arrow asyncpg attr attrs babel bcrypt bokeh boto3 botocore
    bottle bs4 celery certifi cffi chardet click colorama cryptography cupy cv2 cython dash dask dateutil
    django dns docker docx dotenv duckdb elasticsearch faker fastapi flask freezegun geopandas gevent git
    github gradio greenlet grpc h5py httpx huggingface_hub hypothesis imageio invoke ipywidgets IPython jax
    jinja2 joblib jose jsonschema jwt keras kubernetes langchain lightgbm loguru lxml mako markdown
    marshmallow matplotlib mistune mock mpmath msgpack multidict mypy mysql networkx nltk numba numpy openai
    openpyxl orjson packaging pandas paramiko peewee pendulum pexpect PIL pika pipenv platformdirs plotly
    polars prettytable prometheus_client prompt_toolkit psutil psycopg psycopg2 pyarrow pydantic pygame
    pygments pylint pymongo pymysql pyparsing pypdf pyspark pytest pytz qrcode redis regex requests rich scipy
    scrapy seaborn selenium sentry_sdk serial setuptools shapely simplejson sklearn skimage smbus sounddevice
    spacy sphinx sqlalchemy sqlmodel starlette statsmodels streamlit structlog sympy tabulate tenacity
    tensorflow termcolor textual tiktoken toml tomli tomlkit torch torchvision tornado tqdm transformers trio
    typer typing_extensions tzlocal ujson urllib3 uvicorn uvloop watchdog watchfiles websocket websockets
    werkzeug xarray xgboost xlsxwriter yaml yarl zmq
"""
POPULAR = frozenset(_POPULAR.split())


def normalize(name: str) -> str:
    """A distribution's name as PyPI compares them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def provider(module: str, declared: Collection[str]) -> str | None:
    """Which of the declared distributions (normalized) gives a top-level module."""
    top = module.partition(".")[0]
    name = normalize(top)
    forms = ("{}", "python-{}", "py{}", "{}-python", "py-{}", "{}-py", "{}-binary", "django-{}", "types-{}")
    likely = (form.format(name) for form in forms)
    for distribution in likely:
        if distribution in declared and top in MODULES.get(distribution, (top,)):
            return distribution
    named = (d for d in declared if top in MODULES.get(d, ()) or (top in _NAMESPACES and d.startswith(f"{name}-")))
    return next(named, None)
