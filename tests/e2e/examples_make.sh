#!/bin/bash
# The Makefile: the count reaches the renderer and the make below.
. "$(dirname "$0")/lib.sh"
cp -r "$SOURCE/examples" examples && cd examples/make || exit 2
rm -rf site ../html/cache
../html/make-pages 120
export FITRUN_AVAILABLE=ram=250MB FITRUN_WANT=16
expect 0 make -n "FITRUN=$FITRUN"
[ ! -e site ] || fail "make -n ran a command"
expect 0 make "FITRUN=$FITRUN"
# 250 MB x 0.7 = 175 MB; less 3 x 2.6 MB for the pages 3 x 50 MB fit, or 8 x 20 MB
said out 'rendered 120 pages with 3 workers'
said out 'compressed 120 pages, 8 at a time'
rm site/*.gz
expect 0 make -n "FITRUN=$FITRUN"
[ ! -e site/7.html.gz ] || fail "make -n ran the make below"
expect 0 make "FITRUN=$FITRUN"
gzip -dc site/7.html.gz | cmp - site/7.html || fail "not what was rendered"
