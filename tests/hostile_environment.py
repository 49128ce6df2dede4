"""An environment and a folder's name that break programs that do not expect them."""

FOLDER = """my 'project' 100%2F#?,:;$HOME&é"x"\nline"""


def variables(port: int) -> dict[str, str]:
    """Return variables that change libpq, proxies, AWS clients, Python, the locale, Git, Flask and gunicorn.

    port: of a server that must not be called.
    """
    other = f"http://127.0.0.1:{port}"
    return {
        "PGHOSTADDR": "127.0.0.1", "PGPORT": str(port), "PGHOST": "127.0.0.1", "PGDATABASE": "other", "PGUSER": "other",
        "PGDATESTYLE": "German, DMY", "PGTZ": "Asia/Kolkata", "PGOPTIONS": "-c search_path=other", "PGSERVICE": "other",
        "PGSSLMODE": "verify-full", "PGPASSFILE": "/nowhere", "PGCLIENTENCODING": "LATIN1", "PGDATA": "/nowhere",
        "PGREQUIREAUTH": "scram-sha-256", "PGTARGETSESSIONATTRS": "standby", "PGSERVER_POSTGRES_VERSION": "none",
        "HTTP_PROXY": other, "http_proxy": other, "HTTPS_PROXY": other, "ALL_PROXY": "socks5://127.0.0.1:1", "NO_PROXY": "",
        "AWS_PROFILE": "other", "AWS_CONFIG_FILE": "/nowhere", "AWS_ENDPOINT_URL": other, "AWS_RETRY_MODE": "other",
        "AWS_USE_FIPS_ENDPOINT": "true", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "other", "AWS_DEFAULT_REGION": "nowhere-1",
        "AWS_CA_BUNDLE": "/nowhere", "AWS_DATA_PATH": "/nowhere", "AWS_DEFAULTS_MODE": "other",
        "PYTHONPATH": "/nowhere", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C",
        "LANG": "C", "TZ": "Asia/Kolkata",
        "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_CONFIG_COUNT": "1",
        "FLASK_DEBUG": "1", "GUNICORN_CMD_ARGS": "--workers 9", "GUNICORN_PID": "1", "WEB_CONCURRENCY": "9",
        "LOCUST_HOST": other, "LOCUST_USERS": "9",
    }  # fmt: skip
