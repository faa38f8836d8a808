# MinIO from source, since it is published in no other way: docs/decisions/0024-minio-image.md. The commit is the one
# that `tideline up --s3` builds and that the tests run against.

FROM golang:1.26-bookworm AS build
ARG MINIO=v0.0.0-20260212201848-7aac2a2c5b7c
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' github.com/minio/minio@$MINIO

FROM debian:bookworm-slim
RUN useradd --uid 10002 --create-home --shell /usr/sbin/nologin minio && install -d -o minio -g minio /data
COPY --from=build /go/bin/minio /usr/local/bin/minio
ENV MINIO_UPDATE=off
USER minio
EXPOSE 9000 9001
ENTRYPOINT ["minio"]
