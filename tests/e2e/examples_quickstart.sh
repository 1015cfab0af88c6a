#!/bin/bash
# The first of the two commands of the README, without its apt.
. "$(dirname "$0")/lib.sh"
mkdir bin
printf '#!/bin/sh\nexit 100\n' >bin/apt-get && chmod 755 bin/apt-get
PATH=$work/bin:$PATH
"$SOURCE/examples/install-packages.sh" "$SOURCE/examples/packages.txt" ||
  skip "not all packages of examples/packages.txt are there"

expect 0 "$SOURCE/examples/quickstart.sh"
said out "\$ fitrun stages/html.toml -- ./render --jobs '<threads>'"
said out 'rendered 1000 pages with '
# 400 MB x 0.7 = 280 MB, less 65.5 MB, holds 4 x 50 MB
said out 'rendered 1000 pages with 4 workers'
said err '[budget:HTML] reduced workers 8 -> 4 to stay out of swap'
