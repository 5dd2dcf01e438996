# One image for Asterisk and for the controller: Debian's Asterisk 22, this project, no compiler;
# before it, in an image that is thrown away, the console's pages.
FROM node:24-slim AS console

WORKDIR /console
COPY web/package.json web/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY web ./
RUN node node_modules/vite/bin/vite.js build

FROM debian:forky-slim

RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      asterisk ca-certificates ffmpeg python3 python3-venv tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/hotline hotline

WORKDIR /opt/hotline
COPY pyproject.toml README.md ./
COPY ivr ivr
COPY agi_scripts agi_scripts
COPY asterisk_conf asterisk_conf
COPY sounds sounds
COPY speech speech
COPY ticketing ticketing
COPY --from=console /console/dist web/dist
RUN python3 -m venv .venv && .venv/bin/pip install --no-cache-dir -e .

ENV PATH=/opt/hotline/.venv/bin:$PATH HOTLINE_HOME=/var/lib/hotline
USER hotline
VOLUME /var/lib/hotline
CMD ["hotline", "serve"]
