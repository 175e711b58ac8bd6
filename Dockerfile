# The bot alone, without a compiler: two stages. Written against Docker's and Podman's documents; not built in the tests,
# which only read it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p ostinato --bin ostinato

FROM debian:bookworm-slim
# Nothing of the bot belongs to root, and nobody can log in as its user.
RUN useradd --system --uid 10001 --home-dir /var/lib/ostinato --create-home --shell /usr/sbin/nologin ostinato
COPY --from=build /src/target/release/ostinato /usr/local/bin/ostinato
WORKDIR /etc/ostinato
ENV DATA_DIR=/var/lib/ostinato/data
VOLUME /var/lib/ostinato
USER 10001
# SIGTERM ends it in order: players play on, and the next container takes them over.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["/usr/local/bin/ostinato", "live"]
ENTRYPOINT ["/usr/local/bin/ostinato"]
CMD ["run"]
