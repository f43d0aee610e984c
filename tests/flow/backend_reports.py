"""Reports in the documented forms of OpenROAD, Genus and Innovus, for a layout of some size."""

from __future__ import annotations

OPENROAD_LAYOUT = """OpenROAD v2.0-17598-ga008522d8
[INFO ODB-0227] LEF file: technology.lef
@route begin
[INFO DRT-0195] Start 0th optimization iteration.
Total wire length = 3100 um.
Total number of vias = 2900.
[INFO DRT-0199]   Number of violations = 0.
[INFO DRT-0198] Complete detail routing.
Total wire length = 3012 um.
Total wire length on LAYER metal2 = 1400 um.
Total number of vias = 2871.
@route end
@antennas begin
[INFO ANT-0002] Found 0 net violations.
@antennas end
@value extracted 0
@value setup_slack 2.25
@value hold_slack 0.041
@value setup_tns 0
@value hold_tns 0.0
@value register_slack 2.5
@setup begin
@setup end
@hold begin
@hold end
@skew begin
Clock clk
   0.12 source latency u1/CK ^
  -0.10 target latency u2/CK ^
   0.00 CRPR
--------------
   0.02 setup skew

@skew end
@limits begin
max slew

Pin                                    Limit    Slew   Slack
------------------------------------------------------------
u1/A                                    0.20    0.30   -0.10 (VIOLATED)
max capacitance

Pin                                    Limit     Cap   Slack
------------------------------------------------------------
u1/ZN                                  60.58   65.00   -4.42 (VIOLATED)
u2/ZN                                  60.58   61.00   -0.42 (VIOLATED)

@limits end
@area begin
Design area 812 u^2 63% utilization.
@area end
@cells begin
Cell type report:                       Count       Area
  Fill cell                               300     480.00
  Tap cell                                 20       5.32
  Tie cell                                  2       1.06
  Clock buffer                              9      12.24
  Timing Repair Buffer                     11       9.84
  Inverter                                 40      21.28
  Sequential cell                          81     366.28
  Multi-Input combinational cell          321     400.00
  Total                                   784    1296.02
@cells end
@value die_width 41.42
@value die_height 42.0
@value core_width 35.72
@value core_height 36.4
@done
"""

OPENROAD_POWER = """OpenROAD v2.0-17598-ga008522d8
@activity begin
Annotated 541 pin activities.
vcd              0
saif           541
input            0
unannotated      3
@activity end
@total begin
Group                    Internal    Switching      Leakage        Total
                            Power        Power        Power        Power (Watts)
----------------------------------------------------------------------------
Sequential           3.00000000e-04 2.00000000e-05 6.00000000e-06 3.26000000e-04  70.0%
Combinational        5.00000000e-05 3.00000000e-05 1.00000000e-05 9.00000000e-05  20.0%
Clock                2.00000000e-05 2.20000000e-05 4.00000000e-07 4.24000000e-05  10.0%
----------------------------------------------------------------------------
Total                3.70000000e-04 7.20000000e-05 1.64000000e-05 4.58400000e-04 100.0%
@total end
@done
"""

INNOVUS = {
    "genus_gates.rpt": """  Gate     Instances    Area      Library
------------------------------------------------
DFF_X1            81   366.282    NangateOpenCellLibrary
NAND2_X1         352   384.636    NangateOpenCellLibrary
------------------------------------------------
total            433   750.918
""",
    "drc.rpt": """###############################################################
#  Command:           verify_drc -limit 100000 -report drc.rpt
###############################################################
  Total Violations : 0 Viols.
""",
    "connectivity.rpt": "Begin Summary\n  Found no problems or warnings.\nEnd Summary\n",
    "antennas.rpt": "  No Violations Found\n",
    "setup.rpt": """Path 1: MET Setup Check with Pin u1/CK
Endpoint:   u1/D (v) checked with  leading edge of 'clk'
Beginpoint: u2/Q (v) triggered by  leading edge of 'clk'
= Required Time                 3.950
- Arrival Time                  1.700
= Slack Time                    2.250
""",
    "hold.rpt": "Path 1: MET Hold Check with Pin u1/CK\n  Slack Time                    0.041\n",
    "registers.rpt": "Path 1: MET Setup Check with Pin u1/CK\n= Slack Time                    2.500\n",
    "time/setup.summary": """+--------------------+---------+---------+---------+
|     Setup mode     |   all   | reg2reg | default |
+--------------------+---------+---------+---------+
|           WNS (ns):|  2.250  |  2.500  |  2.250  |
|           TNS (ns):|  0.000  |  0.000  |  0.000  |
|    Violating Paths:|    0    |    0    |    0    |
+--------------------+---------+---------+---------+
|                |              Real                |       Total      |
|    DRVs        +------------------+------------+------------------|
|                |  Nr nets(terms)  | Worst Vio  |  Nr nets(terms)  |
|   max_cap      |      2 (2)       |   -0.004   |      2 (2)       |
|   max_tran     |      1 (7)       |   -0.100   |      1 (7)       |
|   max_fanout   |      0 (0)       |     0      |      0 (0)       |
""",
    "time/hold.summary": "|     Hold mode      |   all   |\n|           WNS (ns):|  0.041  |\n|           TNS (ns):| -0.125  |\n",
    "values.rpt": """@value die_width 41.42
@value die_height 42.0
@value core_width 35.72
@value core_height 36.4
@value cells 464
@value cell_area 810.7
@value wire_length 3012.5
@value vias 2871
""",
    "power.rpt": """*       Power Units = 1mW
Total Power
-----------------------------------------------------------------------------------------
Total Internal Power:        0.37000000      80.7%
Total Switching Power:       0.07200000      15.7%
Total Leakage Power:         0.01640000       3.6%
Total Power:                 0.45840000
""",
}
