// Counts the clocks of a wave of a column with rings (rules T1, T3, T5).
//
// A unit clock has SLOTS clocks; slot says which, one-hot. count is the unit clock, 0 … UNITS-1; turn is count modulo MEMBERS, one-hot.
// The last MEMBERS unit clocks are for the update: in each of them one member of every ring learns. last is high in the last clock of the wave;
// clear_lines is high in all clocks of its last unit clock. While shift is high the wave is held at its start, but slot goes on, as the rings do.
// UNITS must be a multiple of MEMBERS, so that every weight is at home when a wave begins. draw is high once in each of the first DRAWS unit
// clocks of a learning wave (rule R11).
module ring_controller #(
    parameter integer UNITS   = 16,
    parameter integer SLOTS   = 3,
    parameter integer MEMBERS = 2,
    parameter integer DRAWS   = 13,
    parameter integer COUNT_W = 4
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               shift,
    input  wire               learn,
    output reg  [COUNT_W-1:0] count,
    output wire [SLOTS-1:0]   slot,
    output wire [MEMBERS-1:0] turn,
    output wire               unit_end,
    output wire               last,
    output wire               clear,
    output wire               clear_lines,
    output wire               draw,
    output wire               update
);
    wire   final_unit  = (count == COUNT_W'(UNITS - 1));
    assign last        = final_unit & unit_end;
    assign clear       = rst | shift | last;
    assign clear_lines = rst | shift | final_unit;
    assign draw        = learn & ~shift & unit_end & (count < COUNT_W'(DRAWS));
    assign update      = learn & ~shift & (count >= COUNT_W'(UNITS - MEMBERS));

    always @(posedge clk) begin
        if (clear)         count <= {COUNT_W{1'b0}};
        else if (unit_end) count <= count + 1'b1;
    end

    generate
        if (SLOTS == 1) begin : one_slot
            assign slot     = 1'b1;
            assign unit_end = 1'b1;
        end else begin : slots
            reg [SLOTS-1:0] place;
            assign slot     = place;
            assign unit_end = place[SLOTS-1];
            always @(posedge clk) begin
                if (rst) place <= {{(SLOTS-1){1'b0}}, 1'b1};
                else     place <= {place[SLOTS-2:0], place[SLOTS-1]};
            end
        end

        if (MEMBERS == 1) begin : one_member
            assign turn = 1'b1;
        end else if (MEMBERS == 2) begin : two_members
            assign turn = {count[0], ~count[0]};
        end else begin : members
            reg [MEMBERS-1:0] at;
            assign turn = at;
            always @(posedge clk) begin
                if (clear)         at <= {{(MEMBERS-1){1'b0}}, 1'b1};
                else if (unit_end) at <= {at[MEMBERS-2:0], at[MEMBERS-1]};
            end
        end
    endgenerate
endmodule
