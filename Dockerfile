# The endpoint and its page, with everything it needs: after the build it makes no call to anywhere.
# For the small CPU build of torch, pass the index that torch's own install page names:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=… -t seedqa .

FROM python:3.11-slim AS build
ARG PIP_EXTRA_INDEX_URL
WORKDIR /source
COPY . .
RUN python -m venv /opt/qa && /opt/qa/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home qa && mkdir /index && chown qa:qa /index
COPY --from=build /opt/qa /opt/qa
ENV PATH=/opt/qa/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    QA_ARTICLES=/articles \
    QA_HOST=0.0.0.0 \
    QA_INDEX=/index
USER qa
VOLUME /index
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["qa"]
CMD ["serve"]
