# syntax=docker/dockerfile:1
# Two images. The monolith, anywhere with a PostgreSQL:
#
#   docker build --tag monolith .
#   docker run --read-only --tmpfs /tmp --publish 8000:8000 --env DATABASE_URL=postgresql://… --env TOKEN_SECRET=… monolith
#
# Locust, whose master and workers run the same image with different options (loadtests/README.md):
#
#   docker build --platform linux/amd64 --target load --tag load .    # hdrhistogram has no wheel for arm64
#
# The digest is that of an index: the same line serves arm64 and amd64.
FROM python:3.13.15-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285 AS base
RUN useradd --uid 10001 --no-create-home app && python -m venv --without-pip /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONUTF8=1
WORKDIR /app

FROM base AS load-files
COPY loadtests/image.lock ./
RUN /usr/local/bin/pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r image.lock
COPY shared_domain shared_domain
COPY loadtests loadtests
RUN chmod -R a+rX . && python -m compileall -q .

FROM base AS load
COPY --from=load-files /opt/venv /opt/venv
COPY --from=load-files /app /app
VOLUME /tmp
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["locust", "-f", "loadtests/locustfile.py"]

FROM base AS monolith-files
COPY monolith/image.lock ./
RUN /usr/local/bin/pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r image.lock
COPY docs/openapi.yaml docs/
COPY shared_domain shared_domain
COPY monolith monolith
RUN chmod -R a+rX . && python -m compileall -q .

FROM base AS monolith
# Git holds the repository of the static site. It has no pin: Debian removes a version when the next one comes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner app /site
COPY --from=monolith-files /opt/venv /opt/venv
COPY --from=monolith-files /app /app
# The only folder that the process needs to write to. Fargate mounts an empty one there with the permissions of this one.
VOLUME /tmp
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --start-period=5m CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["python", "-m", "monolith", "--host", "0.0.0.0", "--run-dir", "/tmp/monolith", "--log", "-"]
