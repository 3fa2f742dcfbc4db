# Rapport for production: `rapport web` and `rapport worker` against a PostgreSQL of yours. See compose.yaml.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY . .
# The same set-up as for everybody; then the wheel with front-end files, translations and the schema snapshot inside.
RUN python scripts/setup.py run \
    && .venv/bin/rapport assets \
    && .venv/bin/rapport snapshot \
    && .venv/bin/hatchling build -t wheel -d /dist
RUN python -m venv /opt/rapport \
    && .venv/bin/uv pip sync --python /opt/rapport/bin/python --require-hashes requirements/runtime.txt \
    && .venv/bin/uv pip install --python /opt/rapport/bin/python --no-deps /dist/*.whl

FROM python:3.13-slim-bookworm
RUN groupadd --system --gid 10001 rapport \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/rapport --create-home rapport
COPY --from=build /opt/rapport /opt/rapport
ENV PATH=/opt/rapport/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RAPPORT_HOME=/var/lib/rapport \
    RAPPORT_LOG=json
USER 10001:10001
WORKDIR /var/lib/rapport
VOLUME /var/lib/rapport
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["rapport", "ping"]
CMD ["rapport", "web", "--host", "0.0.0.0"]
