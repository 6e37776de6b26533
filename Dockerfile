# The image of amo-connect: one binary, no shell, not root.
#
#     docker build --tag amo-connect .
#     docker run --rm amo-connect keys new

FROM docker.io/library/rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package amo-connect \
 && mkdir -p /image/usr/local/bin /image/var/lib/amo-connect \
 && cp target/release/amo-connect /image/usr/local/bin/

# glibc, libgcc, the authorities that TLS needs, and the user `nonroot` (65532).
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build --chown=root:root /image/usr/local/bin/amo-connect /usr/local/bin/amo-connect
# The default DATABASE_URL is a SQLite file in the working directory.
COPY --from=build --chown=65532:65532 /image/var/lib/amo-connect /var/lib/amo-connect
WORKDIR /var/lib/amo-connect
USER 65532:65532
ENV BIND=0.0.0.0:8080 LOG_FORMAT=json
EXPOSE 8080
# The service waits for token pairs under way: give it 90 s to stop.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --start-interval=1s \
  CMD ["/usr/local/bin/amo-connect", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/amo-connect"]
CMD ["serve"]
