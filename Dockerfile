# Image of the analyser gateway. How to build and run it: docs/how-to/containers.md
#
# Debian rather than Alpine: compiled EPICS packages exist as wheels for glibc only.
ARG PYTHON_IMAGE=docker.io/library/python:3.12-slim-bookworm

# Libraries: changes only with pyproject.toml and constraints.txt.
FROM ${PYTHON_IMAGE} AS libraries
# A package index other than pip's own, for sites that mirror it.
ARG PIP_INDEX_URL
# Extras of the package, blanks between them. p4p of `pva` has no wheel for ARM: leave it empty there.
ARG EXTRAS=pva
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/venv
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
extras = project['optional-dependencies']; \
print(*project['dependencies'], *(line for name in '${EXTRAS}'.split() for line in extras[name]), sep='\n')" \
        > requirements.txt \
    && pip --python /opt/venv/bin/python install --only-binary=:all: -c constraints.txt -r requirements.txt \
    && python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

# The program itself, in a tree of its own so that a new version is a small layer.
FROM libraries AS program
COPY README.md ./
COPY gateway ./gateway
RUN pip --python /opt/venv/bin/python install --no-deps --prefix /program . \
    && python -m compileall -q --invalidation-mode unchecked-hash /program/lib

FROM ${PYTHON_IMAGE}
# Serial ports of the host belong to its group dialout: give the container that group's number (`--group-add`).
RUN groupadd --gid 10001 gateway \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gateway \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/analyser-gateway/pki
COPY --from=libraries /opt/venv /opt/venv
COPY --from=program /program /opt/venv
# The first call proves the installation, and leaves the bytecode of the standard library that the base image lacks:
# without it every health check would compile those modules anew.
RUN /opt/venv/bin/analyser-gateway schema > /dev/null
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 4840/tcp 5064/tcp 5064/udp 5075/tcp 5076/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["analyser-gateway", "health", "/etc/analyser-gateway/gateway.yaml"]
ENTRYPOINT ["analyser-gateway"]
CMD ["run", "/etc/analyser-gateway/gateway.yaml"]
ARG VERSION=development
ARG REVISION=unknown
LABEL org.opencontainers.image.title="analyser-gateway" \
      org.opencontainers.image.description="Laboratory and plant analysers as OPC UA nodes and EPICS PVs" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
