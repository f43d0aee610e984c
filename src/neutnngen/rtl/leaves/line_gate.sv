// A line as its reader hears it (rule T4): a spike after the reader's window is no spike.
//
// open is high in the clocks 0 … t_in_max of the reader. A level that was high in one of them is passed on to the end of the wave; one
// that rises later is not.
module line_gate (
    input  wire clk,
    input  wire clear,
    input  wire open,
    input  wire line,
    output wire heard
);
    reg kept;

    assign heard = line & (open | kept);

    always @(posedge clk) begin
        if (clear) kept <= 1'b0;
        else       kept <= heard;
    end
endmodule
