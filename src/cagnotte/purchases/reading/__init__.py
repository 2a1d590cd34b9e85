"""Files of purchases, read order by order with flat memory: CSV, JSON Lines, XLSX and XML.

Nothing is understood here: an order is the texts of its fields and lines, with the raw bytes and the place they came
from. What cannot even be split into fields becomes a `Broken` with its reason. Where a source appends its returns,
the rows with a minus are set apart as a `ReturnText`.

Begin with `order_file`. `csv_file`, `xlsx_file` and `xml_file` read rows (`table_file`), `grouping` joins them to
orders, `split_orders` finds orders whose rows lie apart, `returns` sets returns apart; `json_lines` and `xml_file` read
orders whose lines are nested; `tables` reads files of anything else. `texts` has what all of them give.
"""
