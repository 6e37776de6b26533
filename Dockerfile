# The images of amo-connect and of its local amoCRM: one binary, no shell, not root.
#
#     docker build --tag amo-connect .
#     docker run --rm amo-connect keys new
#
#     docker build --target sandbox --tag amo-connect-sandbox .
#     docker run --rm --publish 127.0.0.1:8081-8086:8081-8086 amo-connect-sandbox --public-name=127.0.0.1

FROM docker.io/library/rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package amo-connect \
 && mkdir -p /image/usr/local/bin /image/var/lib/amo-connect \
 && cp target/release/amo-connect /image/usr/local/bin/

# glibc, libgcc, the authorities that TLS needs, and the user `nonroot` (65532).
FROM gcr.io/distroless/cc-debian12:nonroot AS binary
COPY --from=build --chown=root:root /image/usr/local/bin/amo-connect /usr/local/bin/amo-connect
USER 65532:65532

# The local amoCRM alone, for another service's tests. What stands after the image's name are further flags.
FROM binary AS sandbox
EXPOSE 8081-8086
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=2s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["/usr/local/bin/amo-connect", "healthcheck", "--sandbox"]
ENTRYPOINT ["/usr/local/bin/amo-connect", "sandbox", "--amo-only", "--amo-bind=0.0.0.0:8081", "--i-know-this-is-not-amocrm"]

# The service.
FROM binary
# The default DATABASE_URL is a SQLite file in the working directory.
COPY --from=build --chown=65532:65532 /image/var/lib/amo-connect /var/lib/amo-connect
WORKDIR /var/lib/amo-connect
ENV BIND=0.0.0.0:8080 LOG_FORMAT=json
EXPOSE 8080
# The service waits for token pairs under way: give it 90 s to stop.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --start-interval=1s \
  CMD ["/usr/local/bin/amo-connect", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/amo-connect"]
CMD ["serve"]
