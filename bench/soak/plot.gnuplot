# The figures of a soak over its time: gnuplot -c plot.gnuplot soak.csv soak.svg
# SVG without a background, in tones that fit light and dark pages, as bench/race draws.
text = '#808890'
set datafile separator ','
set terminal svg size 1000,900 dynamic enhanced font 'Helvetica,Arial,sans-serif,14'
set output ARG2
set border 3 linecolor rgb text
set tics nomirror textcolor rgb text
set title textcolor rgb text
set xlabel textcolor rgb text
set ylabel textcolor rgb text
set grid ytics linecolor rgb '#80808080' linewidth 0.5 dashtype 1
set key outside right center textcolor rgb text noenhanced samplen 1.5
set style line 1 linecolor rgb '#e8590c' linewidth 2
set style line 2 linecolor rgb '#1c8ad9' linewidth 2
set style line 3 linecolor rgb '#868e96' linewidth 1.5
set style line 4 linecolor rgb '#e8590c' pointtype 7 pointsize 0.7
set style line 5 linecolor rgb '#1c8ad9' pointtype 7 pointsize 0.7
set yrange [0:*]
set xrange [0:*]
set autoscale xfixmax

minutes(seconds) = seconds / 60.0
# What is there when all have left, for the points; else nothing.
calm(value) = strcol('phase') eq 'judged' ? value : NaN

set multiplot layout 4,1 title 'Churn with faults; points: when all clients have left' \
  textcolor rgb text margins 0.08,0.80,0.07,0.92 spacing 0.06
file = ARG1
set ylabel 'MiB'
plot file using (minutes(column('seconds'))):(column('resident_kib') / 1024) with lines \
    linestyle 3 title 'resident', \
  file using (minutes(column('seconds'))):(calm(column('resident_kib') / 1024)) with points \
    linestyle 4 title 'in calms', \
  file using (minutes(column('seconds'))):(column('heap_kib') / 1024) with lines \
    linestyle 2 title 'heap in use', \
  file using (minutes(column('seconds'))):(calm(column('heap_kib') / 1024)) with points \
    linestyle 5 title 'in calms'
set ylabel 'descriptors'
plot file using (minutes(column('seconds'))):(column('descriptors')) with lines \
    linestyle 3 title 'open', \
  file using (minutes(column('seconds'))):(calm(column('descriptors'))) with points \
    linestyle 4 title 'in calms'
set ylabel 'clients, MiB'
plot file using (minutes(column('seconds'))):(column('clients_resident_kib') / 1024) with lines \
    linestyle 3 title 'resident', \
  file using (minutes(column('seconds'))):(calm(column('clients_resident_kib') / 1024)) \
    with points linestyle 4 title 'in calms', \
  file using (minutes(column('seconds'))):(column('clients_heap_kib') / 1024) with lines \
    linestyle 2 title 'heap in use', \
  file using (minutes(column('seconds'))):(calm(column('clients_heap_kib') / 1024)) with points \
    linestyle 5 title 'in calms'
set ylabel 'at a time'
set xlabel 'minutes'
plot file using (minutes(column('seconds'))):(column('connections')) with lines \
    linestyle 1 title 'connections', \
  file using (minutes(column('seconds'))):(column('sessions')) with lines \
    linestyle 2 title 'STOMP sessions', \
  file using (minutes(column('seconds'))):(column('waiting')) with lines \
    linestyle 3 title 'in queues'
unset multiplot
