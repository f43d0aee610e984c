// Which class is strongest, and which two segments learn (rule R14).
//
// A class is as strong as its strongest segment, the lowest index of equal ones. winner: the strongest class, one-hot, the lowest index of equal
// ones; none at strength 0. In an update the label leads by less than MARGIN where its strength - that of the strongest other class < MARGIN:
// then up marks the label's winning segment and down that of the strongest other class. Without a label, or with one class, nothing learns.
module voter_compare #(
    parameter integer CLASSES  = 2,
    parameter integer SEGMENTS = 1,
    parameter integer SUM_W    = 10,
    parameter integer MARGIN   = 4
) (
    input  wire [CLASSES*SEGMENTS*SUM_W-1:0] potentials,
    input  wire [CLASSES-1:0]                label,
    input  wire                              update,
    output wire [CLASSES*SUM_W-1:0]          strengths,
    output wire [CLASSES-1:0]                winner,
    output wire [CLASSES*SEGMENTS-1:0]       up,
    output wire [CLASSES*SEGMENTS-1:0]       down
);
    localparam integer ROWS  = CLASSES * SEGMENTS;
    localparam integer LEAD_W = ((SUM_W > $clog2(MARGIN + 1)) ? SUM_W : $clog2(MARGIN + 1)) + 2;

    reg [CLASSES*SUM_W-1:0] strength;
    reg [ROWS-1:0]          best;     // winning segment of every class
    reg [CLASSES-1:0]       first;    // strongest class
    reg [CLASSES-1:0]       rival;    // strongest class but the label
    reg [SUM_W-1:0]         top, other, own;
    reg                     any;

    integer c, s;
    always @* begin
        strength = {CLASSES*SUM_W{1'b0}};
        best = {ROWS{1'b0}};
        for (c = 0; c < CLASSES; c = c + 1) begin
            strength[c*SUM_W+:SUM_W] = potentials[c*SEGMENTS*SUM_W+:SUM_W];
            best[c*SEGMENTS] = 1'b1;
            for (s = 1; s < SEGMENTS; s = s + 1) begin
                if (potentials[(c*SEGMENTS+s)*SUM_W+:SUM_W] > strength[c*SUM_W+:SUM_W]) begin
                    strength[c*SUM_W+:SUM_W] = potentials[(c*SEGMENTS+s)*SUM_W+:SUM_W];
                    best[c*SEGMENTS+:SEGMENTS] = {SEGMENTS{1'b0}};
                    best[c*SEGMENTS+s] = 1'b1;
                end
            end
        end
        first = {CLASSES{1'b0}};
        rival = {CLASSES{1'b0}};
        top = {SUM_W{1'b0}};
        other = {SUM_W{1'b0}};
        own = {SUM_W{1'b0}};
        any = 1'b0;
        for (c = 0; c < CLASSES; c = c + 1) begin
            if (strength[c*SUM_W+:SUM_W] > top) begin
                top = strength[c*SUM_W+:SUM_W];
                first = {{(CLASSES-1){1'b0}}, 1'b1} << c;
            end
            if (label[c]) own = strength[c*SUM_W+:SUM_W];
            else if (!any || strength[c*SUM_W+:SUM_W] > other) begin
                any = 1'b1;
                other = strength[c*SUM_W+:SUM_W];
                rival = {{(CLASSES-1){1'b0}}, 1'b1} << c;
            end
        end
    end

    wire signed [LEAD_W-1:0] lead   = $signed(LEAD_W'(own)) - $signed(LEAD_W'(other));
    wire                     learns = update & (|label) & any & (lead < $signed(LEAD_W'(MARGIN)));

    assign strengths = strength;
    assign winner    = first;

    genvar k;
    generate
        for (k = 0; k < CLASSES; k = k + 1) begin : of_class
            assign up[k*SEGMENTS+:SEGMENTS]   = best[k*SEGMENTS+:SEGMENTS] & {SEGMENTS{learns & label[k]}};
            assign down[k*SEGMENTS+:SEGMENTS] = best[k*SEGMENTS+:SEGMENTS] & {SEGMENTS{learns & rival[k]}};
        end
    endgenerate
endmodule
